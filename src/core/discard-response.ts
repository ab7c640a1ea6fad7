/** Cancels the body of a response that no caller gets, so that its connection is free for another request. */
export function discard(response: Response | undefined): void {
  response?.body?.cancel().catch(() => undefined);
}
