/** Nobody gets this response: its connection is wanted. */
export function discard(response: Response | undefined): void {
  response?.body?.cancel().catch(() => undefined);
}
