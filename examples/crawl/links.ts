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

export function createLinkReader(pageUrl: string): LinkReader {
  const references: string[] = [];
  let depth = 0;
  let isOver = false;
  let base: string | undefined;
  let nofollow = 0;
  let nofollowPage = false;

  const parser = new Parser({
    onopentag(name, attributes) {
      if (++depth > deepestElement || references.length >= mostLinks) {
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
      const reference = attribute === undefined ? undefined : attributes[attribute];
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

function tokens(list = ''): string[] {
  return list.toLowerCase().split(/[\s,]+/);
}
