// Asked for in bulk: one call takes as long for 64 of them as for one.
let pool: Uint32Array<ArrayBuffer> | undefined;
let used = 0;

/** 128 random bits, as a UUID has, in hexadecimal: crypto.randomUUID is not there on pages that came over http:. */
export function randomHex(): string {
  if (pool === undefined || used === pool.length) {
    // Not when the module is loaded: workers have no random numbers before there is a request.
    pool = crypto.getRandomValues(new Uint32Array(256));
    used = 0;
  }
  let text = '';
  for (const end = used + 4; used < end; used++) text += (pool[used] as number).toString(16).padStart(8, '0');
  return text;
}
