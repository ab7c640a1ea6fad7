/** Whether a response of that status can have no body (Fetch, "null body status"). */
export function isNullBodyStatus(status: number): boolean {
  return status === 204 || status === 304 || status === 205 || status === 101 || status === 103;
}
