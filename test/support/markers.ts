/** The comments in a Markdown page between which a program writes. */
export function markersOf(section: string): {readonly start: string; readonly end: string} {
  return {start: `<!-- ${section}:start -->`, end: `<!-- ${section}:end -->`};
}

interface Section {
  /** Where the content begins and ends in the text. */
  readonly from: number;
  readonly to: number;
}

/**
 * @throws Error when the text doesn't have each marker once, the start before the end
 */
function findSection(text: string, section: string): Section {
  const markers = markersOf(section);
  const start = text.indexOf(markers.start);
  const end = text.indexOf(markers.end);
  const isOnce = text.lastIndexOf(markers.start) === start && text.lastIndexOf(markers.end) === end;
  if (start === -1 || end < start || !isOnce) {
    throw new Error(`The page needs ${markers.start} and, after it, ${markers.end}, each once`);
  }
  return {from: start + markers.start.length, to: end};
}

/**
 * The text between a section's markers, without the white space around it.
 *
 * @throws Error when the text doesn't have each marker once, the start before the end
 */
export function readBetweenMarkers(text: string, section: string): string {
  const {from, to} = findSection(text, section);
  return text.slice(from, to).trim();
}

/**
 * The text with the content between a section's markers replaced.
 *
 * @throws Error when the text doesn't have each marker once, the start before the end
 */
export function replaceBetweenMarkers(text: string, content: string, section: string): string {
  const {from, to} = findSection(text, section);
  return `${text.slice(0, from)}\n\n${content}\n\n${text.slice(to)}`;
}
