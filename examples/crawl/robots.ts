import type {Session} from 'aiofetch';
import {RedirectError} from 'aiofetch';
import {readBody} from './body.ts';
import {longestCrawlDelay} from './bounds.ts';
import {kindOfError} from './fault.ts';
import {parseRobots} from './robots-rules.ts';

/** The rules of a host's robots.txt for this crawler. */
export interface RobotsRules {
  allows(url: string): boolean;
  /** How long to wait between two requests, in ms. */
  readonly delay: number;
  /** Why the file could not be fetched, which forbids the whole host. */
  readonly unreachable?: string;
}

export interface Robots {
  /** The rules of an origin; its robots.txt is requested once. */
  rules(origin: string): Promise<RobotsRules>;
}

export interface RobotsOptions {
  readonly session: Session;
  readonly userAgent: string;
  readonly signal?: AbortSignal;
}

// RFC 9309, section 2.5: at least 500 kibibytes have to be read.
const maxSize = 500 * 1024;

const everything: RobotsRules = {allows: () => true, delay: 0};

export function createRobots({session, userAgent, signal}: RobotsOptions): Robots {
  const known = new Map<string, Promise<RobotsRules>>();
  const [productToken = userAgent] = userAgent.split('/', 1);

  async function ask(origin: string): Promise<RobotsRules> {
    const url = `${origin}/robots.txt`;
    try {
      const response = await session.fetch(url, {headers: {accept: 'text/plain'}, ...(signal && {signal})});
      const decoder = new TextDecoder();
      let text = '';
      const {cut} = await readBody(response, maxSize, (chunk) => {
        text += decoder.decode(chunk, {stream: true});
      });
      // The last line may be a part of a rule, which would hold for more addresses than the whole.
      if (cut) text = text.slice(0, Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1);
      // RFC 9309, section 2.3.1: "unavailable" forbids nothing, "unreachable" forbids everything.
      if (response.status >= 500) return unreachable(`http ${response.status}`);
      if (!response.ok) return everything;
      const {allows, delay = 0} = parseRobots(text, productToken);
      return {allows, delay: Math.min(longestCrawlDelay, delay * 1_000)};
    } catch (error) {
      if (error instanceof RedirectError) return everything;
      return unreachable(kindOfError(error));
    }
  }

  return {
    rules(origin) {
      const asked = known.get(origin) ?? ask(origin);
      known.set(origin, asked);
      return asked;
    },
  };
}

function unreachable(why: string): RobotsRules {
  return {allows: () => false, delay: 0, unreachable: why};
}
