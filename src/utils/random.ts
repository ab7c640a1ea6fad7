// Random numbers are requested in bulk, because a call takes as long for 64 of them as for one. They are not requested when
// the module is loaded, because workers give none before the first request.
let pool: number[] = [];

/** Returns 128 random bits in hexadecimal, as many as a UUID has. Pages loaded over http: have no crypto.randomUUID. */
export function randomHex(): string {
  if (pool.length === 0) pool = [...crypto.getRandomValues(new Uint32Array(256))];
  return pool
    .splice(0, 4)
    .map((bits) => bits.toString(16).padStart(8, '0'))
    .join('');
}
