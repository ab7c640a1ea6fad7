/** The reason with which a call is aborted when the worker's request that began it has ended before the call. */
export const requestEnded: unknown = /* @__PURE__ */ new DOMException(
  'The worker has ended the request that began this call; ctx.waitUntil lets a call outlive the response',
  'AbortError',
);
