// The messages with which the fetch of each runtime reports that the network failed. The Fetch standard gives these errors
// no other mark. First those of Chromium, Safari and Firefox.
const pageMessages = /^(?:failed to fetch|load failed|networkerror )/i;
const otherMessages =
  /^(?:fetch failed|terminated|error sending request|(?:a |the )?(?:network|internet) (?:request|error|connection))/i;

/** Whether an error is the `TypeError` of a page's fetch whose network failed, and not one that a mistake in code throws. */
export function isPageFetchFailure(error: unknown): error is TypeError {
  return isTypeErrorLike(error, pageMessages);
}

/** Whether an error is the `TypeError` of a fetch in any runtime. */
export function isFetchFailure(error: unknown): error is TypeError {
  return isPageFetchFailure(error) || isTypeErrorLike(error, otherMessages);
}

function isTypeErrorLike(error: unknown, messages: RegExp): error is TypeError {
  // By its name, because the error of a frame's `fetch` is of the frame's `TypeError`.
  const {name, message} = Object(error);
  return name === 'TypeError' && messages.test(message);
}
