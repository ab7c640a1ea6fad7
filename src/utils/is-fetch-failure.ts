// The messages with which the fetch of each runtime reports that the network failed, as Firefox's "NetworkError when
// attempting to fetch resource." and Safari's "Load failed". The Fetch standard gives these errors no other mark.
const messages =
  /^(?:failed to fetch|fetch failed|load failed|terminated|error sending request for url|networkerror when|a network |network (?:request failed|error|connection lost)|the (?:network connection was lost|internet connection appears))/i;

/** Whether an error is the `TypeError` of a fetch whose network failed, and not one that a mistake in code throws. */
export function isFetchFailure(error: unknown): error is TypeError {
  return error instanceof TypeError && error.name === 'TypeError' && messages.test(error.message);
}
