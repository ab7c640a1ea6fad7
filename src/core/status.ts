/** Whether a response with this status can't have a body (Fetch, "null body status"). */
export function isNullBodyStatus(status: number): boolean {
  return status === 204 || status === 304 || status === 205 || status === 101 || status === 103;
}

/** Whether a response has a body. In browsers, `body` is an empty stream even when the response can't have a body. */
export function hasBody({body, status}: Response, {method}: {readonly method: string}): boolean {
  return body !== null && status >= 200 && method !== 'HEAD' && !isNullBodyStatus(status);
}
