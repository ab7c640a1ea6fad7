import {readFileSync} from 'node:fs';
import {join} from 'node:path';

/** A Markdown link whose text is a name in code, and which leads to a line of a file. */
const linkToLine = /\[`([^`]+)`\]\(([^)#]+)#L(\d+)\)/g;

/** How many lines a link may be away from the name that it shows. */
const tolerance = 2;

/**
 * The same Markdown, in which each link to a line leads to the declaration of the name that the link shows. A link that is
 * at most two lines away stays as it is.
 *
 * @param folder - the folder of the Markdown file
 * @throws Error when a file doesn't declare the name
 */
export function withCurrentLines(markdown: string, folder: string): string {
  return markdown.replaceAll(linkToLine, (link, name: string, file: string, line: string) => {
    const lines = linesDeclaring(name, readFileSync(join(folder, file), 'utf8'));
    const [nearest] = lines.sort((a, b) => Math.abs(a - Number(line)) - Math.abs(b - Number(line)));
    if (nearest === undefined) throw new Error(`${file} does not declare ${name}, which ${link} links to`);
    const isNear = Math.abs(nearest - Number(line)) <= tolerance;
    return isNear ? link : `[\`${name}\`](${file}#L${nearest})`;
  });
}

/** The numbers of the lines that declare a name: as a function, class, type or constant, or as a method. */
function linesDeclaring(name: string, text: string): number[] {
  const declaration = new RegExp(
    `\\b(?:function|class|interface|type|const|let) ${name}\\b|^ +(?:(?:async|get|override|protected|static) )*${name}(?:<[^>]*>)?\\(.*\\{$`,
  );
  return text.split('\n').flatMap((line, index) => (declaration.test(line) ? [index + 1] : []));
}
