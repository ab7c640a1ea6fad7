import type {ConnectorRequest} from '../../core/request.ts';

/** The values of `referrerPolicy` (Referrer Policy, section 3). */
export const referrerPolicies = [
  '',
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
];

/** The longest Referer that is sent whole (Referrer Policy, section 8.3, step 4). */
const longestReferrer = 4096;

/**
 * The value of Referer for a request whose init has a `referrer`: that URL, or its origin, or nothing, as `referrerPolicy`
 * demands (Referrer Policy, section 8.3). A program on Node has no address of its own, so that there is no other referrer.
 */
export function refererOf({url, native}: ConnectorRequest): string | undefined {
  const {referrer, referrerPolicy: policy} = native ?? {};
  const source = referrer ? URL.parse(referrer) : null;
  if (!source || (source.protocol !== 'http:' && source.protocol !== 'https:')) return undefined;
  const target = new URL(url);
  source.username = '';
  source.password = '';
  source.hash = '';
  const origin = `${source.origin}/`;
  const whole = source.href.length > longestReferrer ? origin : source.href;
  const isSameOrigin = source.origin === target.origin;
  const isDowngrade = isTrustworthy(source) && !isTrustworthy(target);
  switch (policy) {
    case 'no-referrer':
      return undefined;
    case 'origin':
      return origin;
    case 'unsafe-url':
      return whole;
    case 'strict-origin':
      return isDowngrade ? undefined : origin;
    case 'same-origin':
      return isSameOrigin ? whole : undefined;
    case 'origin-when-cross-origin':
      return isSameOrigin ? whole : origin;
    case 'no-referrer-when-downgrade':
      return isDowngrade ? undefined : whole;
    default:
      return isSameOrigin ? whole : isDowngrade ? undefined : origin;
  }
}

// Secure Contexts, "potentially trustworthy origin".
function isTrustworthy({protocol, hostname}: URL): boolean {
  return protocol === 'https:' || /^(?:127(?:\.\d+){3}|\[::1\]|(?:.+\.)?localhost\.?)$/.test(hostname);
}

/**
 * The request that follows a redirect, under the policy that the redirect's Referrer-Policy sets (Referrer Policy, section
 * 8.2).
 *
 * @param header - the value of Referrer-Policy, a list
 */
export function underPolicy(request: ConnectorRequest, header: string | undefined): ConnectorRequest {
  if (header === undefined || !request.native?.referrer) return request;
  const policy = header
    .toLowerCase()
    .split(',')
    .map((token) => token.trim())
    .findLast((token) => token !== '' && referrerPolicies.includes(token)) as ReferrerPolicy | undefined;
  if (policy !== undefined) request.native = {...request.native, referrerPolicy: policy};
  return request;
}
