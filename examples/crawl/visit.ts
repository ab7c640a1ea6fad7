import type {Session} from 'aiofetch';
import {readBody} from './body.ts';
import {kindOfError, messageOfError} from './fault.ts';
import {createHtmlDecoder} from './html-decoder.ts';
import type {PageLinks} from './links.ts';
import {createLinkReader} from './links.ts';
import {normalizeUrl} from './normalize-url.ts';
import type {Page, Target} from './page.ts';

export interface VisitOptions {
  readonly session: Session;
  /** Bytes of a body after which reading stops. */
  readonly maxSize: number;
  readonly signal: AbortSignal;
  /** Called when a connection is taken and when it is free again. */
  onConnection(): void;
}

export interface Visit {
  readonly page: Page;
  readonly found: PageLinks;
}

const redirecting = new Set([301, 302, 303, 307, 308]);
const nothing: PageLinks = {links: [], nofollow: 0};

/** Requests one page and reads it as it arrives. Redirects are returned rather than followed, to be checked as links are. */
export async function visit(
  target: Target,
  {session, maxSize, signal, onConnection}: VisitOptions,
): Promise<Visit> {
  const {url, depth, from} = target;
  const start = performance.now();
  const page: {-readonly [Name in keyof Page]: Page[Name]} = {url, bytes: 0, ms: 0, depth};
  if (from !== undefined) page.from = from;
  let found = nothing;
  try {
    const response = await session.fetch(url, {redirect: 'manual', signal});
    onConnection();
    page.status = response.status;
    const type = response.headers.get('content-type') ?? '';
    page.type = (type.split(';')[0] ?? '').trim().toLowerCase();

    const reader = response.ok && isHtml(page.type) ? createLinkReader(url) : undefined;
    const decoder = reader && createHtmlDecoder(type);
    const {cut} = await readBody(response, maxSize, (chunk) => {
      page.bytes += chunk.byteLength;
      if (reader && decoder) reader.write(decoder.write(chunk));
    });
    if (cut) page.cut = true;
    if (reader && decoder) {
      reader.write(decoder.end());
      found = reader.end();
      page.links = found.links.length;
    }

    const location = response.headers.get('location');
    if (redirecting.has(response.status) && location !== null) {
      const redirect = normalizeUrl(location, url);
      if (redirect === undefined)
        page.error = {kind: 'bad redirect', message: 'Location is not an http(s) URL'};
      else page.redirect = redirect;
    } else if (response.status >= 400) {
      page.error = {kind: `http ${response.status}`, message: response.statusText};
    }
  } catch (error) {
    page.error = signal.aborted
      ? {kind: 'interrupted', message: 'Stopped before it was read'}
      : {kind: kindOfError(error), message: messageOfError(error)};
  }
  onConnection();
  page.ms = Math.round(performance.now() - start);
  return {page, found};
}

function isHtml(type: string): boolean {
  return type === 'text/html' || type === 'application/xhtml+xml';
}
