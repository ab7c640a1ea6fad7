import {Parser} from 'htmlparser2';
import {deepestElement, mostLinks} from './bounds.ts';
import {normalizeUrl} from './normalize-url.ts';

/** The links of a page. */
export interface PageLinks {
  /** Normalised addresses, each once, in the order of the page. */
  readonly links: readonly string[];
  /** How many links are marked as not to be followed. */
  readonly nofollow: number;
}

/** Parses the HTML of a page piece by piece, as it arrives, up to the bounds of `bounds.ts`. */
export interface LinkReader {
  write(html: string): void;
  end(): PageLinks;
}

const linking: Readonly<Record<string, string>> = {a: 'href', area: 'href', iframe: 'src', frame: 'src'};

/** A parser that stops nesting elements when too many are open. Links are found without the nesting. */
class BoundedParser extends Parser {
  isFlat = false;

  protected override isVoidElement(name: string): boolean {
    return this.isFlat || super.isVoidElement(name);
  }
}

export function createLinkReader(pageUrl: string): LinkReader {
  const references: string[] = [];
  let depth = 0;
  let isOver = false;
  let base: string | undefined;
  let nofollow = 0;
  let nofollowPage = false;

  const parser = new BoundedParser({
    onopentag(name, attributes) {
      if (++depth > deepestElement) parser.isFlat = true;
      if (references.length >= mostLinks) {
        isOver = true;
        parser.pause();
        return;
      }
      if (name === 'base') base ??= attributes['href'];
      if (name === 'meta' && attributes['name']?.toLowerCase() === 'robots') {
        nofollowPage ||= tokens(attributes['content']).some(
          (token) => token === 'nofollow' || token === 'none',
        );
      }
      const attribute = linking[name];
      const isRefresh = name === 'meta' && attributes['http-equiv']?.toLowerCase() === 'refresh';
      const reference = isRefresh
        ? refreshTarget(attributes['content'])
        : attribute === undefined
          ? undefined
          : attributes[attribute];
      if (reference === undefined) return;
      if (tokens(attributes['rel']).includes('nofollow')) nofollow++;
      else references.push(reference);
    },
    onclosetag() {
      depth--;
    },
  });

  return {
    write(html) {
      if (!isOver) parser.write(html);
    },
    end() {
      if (!isOver) parser.end();
      if (nofollowPage) return {links: [], nofollow: nofollow + references.length};
      // HTML, "document base URL": an unusable base counts as none, and a base also applies to the links before it.
      const baseUrl = (base !== undefined && normalizeUrl(base, pageUrl)) || pageUrl;
      const links = new Set<string>();
      for (const reference of references) {
        const link = normalizeUrl(reference, baseUrl);
        if (link !== undefined) links.add(link);
      }
      return {links: [...links], nofollow};
    },
  };
}

/** The address in the content of a `<meta http-equiv="refresh">` (HTML, "shared declarative refresh steps"). */
function refreshTarget(content = ''): string | undefined {
  const rest = /^\s*[\d.]+(?:\s*[;,]|\s)\s*(.+)/s.exec(content)?.[1];
  const target = rest?.replace(/^url\s*=\s*/i, '');
  const quote = target?.[0];
  // A quote that isn't closed ends with the content.
  return quote === '"' || quote === "'" ? target?.slice(1).split(quote, 1)[0] : target;
}

function tokens(list = ''): string[] {
  return list.toLowerCase().split(/[\s,]+/);
}
