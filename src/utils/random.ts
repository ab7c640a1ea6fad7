// Asked for in bulk: one call takes as long for 64 of them as for one. Not when the module is loaded: workers have no
// random numbers before there is a request.
let pool: number[] = [];

/** 128 random bits, as a UUID has, in hexadecimal: crypto.randomUUID is not there on pages that came over http:. */
export function randomHex(): string {
  if (pool.length === 0) pool = [...crypto.getRandomValues(new Uint32Array(256))];
  return pool
    .splice(0, 4)
    .map((bits) => bits.toString(16).padStart(8, '0'))
    .join('');
}
