import {domainToASCII} from 'node:url';

/**
 * The host name as certificates, SNI (RFC 6066, section 3) and lists of hosts have it: without the dot of an absolute name
 * (`example.com.`).
 */
export function withoutRoot(hostname: string): string {
  return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
}

/** A host name that a user has written, as the host of a URL is: in lower case, and an internationalised name in ASCII. */
export function normalisedHost(hostname: string): string {
  return withoutRoot(domainToASCII(hostname) || hostname.toLowerCase());
}
