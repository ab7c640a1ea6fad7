import {BlockList, isIP, isIPv4} from 'node:net';
import {InvalidOptionError} from '../../../errors/index.ts';

/** An IP address of a host. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** The host and port of a new connection, as an {@link AddressGuard} gets them. */
export interface GuardedTarget {
  /** The host name of the URL, without a dot at its end; an IPv6 address comes without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/**
 * Decides whether an address may be connected to. Only `true`, or a promise of `true`, allows it. The connector calls the
 * guard after the DNS look-up, for each address of each new connection, also for redirects. An IPv4-mapped IPv6 address
 * ("::ffff:127.0.0.1") is passed as IPv4. The request fails with an error that the guard throws or rejects with. The wait
 * for a promise counts towards the `connect` timeout.
 */
export type AddressGuard = (address: string, target: GuardedTarget) => boolean | PromiseLike<boolean>;

/** The guard refused an address. */
export class AddressRefusedError extends Error {
  readonly code = 'ERR_ADDRESS_REFUSED';

  /** @param verdict - what the guard returned */
  constructor(address: string, verdict: unknown) {
    const mistake = typeof verdict === 'boolean' ? '' : `: allowAddress gave ${kindOf(verdict)}, not true`;
    super(`Address ${address} is not allowed${mistake}`);
    this.name = 'AddressRefusedError';
  }
}

function kindOf(value: unknown): string {
  return value === undefined || value === null ? String(value) : `a value of type ${typeof value}`;
}

/**
 * Asks the guard about addresses of one target.
 *
 * @returns the error of each address that is refused, and `undefined` for each that is allowed
 */
export async function refusalsOf(
  guard: AddressGuard,
  addresses: readonly Address[],
  target: GuardedTarget,
): Promise<Array<AddressRefusedError | undefined>> {
  const ask = async ({address}: Address) => {
    const verdict: unknown = await guard(plainAddress(address), target);
    return verdict === true ? undefined : new AddressRefusedError(address, verdict);
  };
  return Promise.all(addresses.map(ask));
}

// IANA, "IPv4 Special-Purpose Address Registry": blocks that are not globally reachable, and multicast and reserved blocks.
const specialIpv4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

// IANA, "IPv6 Special-Purpose Address Registry": the special blocks within 2000::/3, which is the only block of global unicast
// addresses. They are protocol assignments (with Teredo), documentation, and 6to4, which leads to an IPv4 address.
const specialIpv6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

let special: BlockList | undefined;

function specialBlocks(): BlockList {
  if (special) return special;
  special = new BlockList();
  for (const [network, prefix] of specialIpv4) special.addSubnet(network, prefix, 'ipv4');
  for (const [network, prefix] of specialIpv6) special.addSubnet(network, prefix, 'ipv6');
  return special;
}

/**
 * Whether an IP address is reachable from the whole Internet, and so belongs to no machine-local, private or link-local
 * network (IANA, "Special-Purpose Address Registries").
 *
 * @example
 * ```ts
 * import {isPublicAddress} from 'aiofetch/undici';
 *
 * console.log(isPublicAddress('192.0.43.8'), isPublicAddress('169.254.169.254'), isPublicAddress('::1'));
 * ```
 */
export function isPublicAddress(address: string): boolean {
  const plain = plainAddress(address);
  if (isIPv4(plain)) return !specialBlocks().check(plain, 'ipv4');
  const groups = ipv6Groups(plain);
  if (!groups) return false;
  // RFC 6052, section 2.1: the prefix of a NAT64 translator, followed by the IPv4 address that it leads to.
  if (groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0)) {
    return isPublicAddress(embeddedIpv4(groups));
  }
  return ((groups[0] as number) & 0xe000) === 0x2000 && !specialBlocks().check(plain, 'ipv6');
}

/**
 * The IPv4 address in an IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2), which may have a zone. Any other address is
 * returned unchanged.
 */
export function plainAddress(address: string): string {
  const groups = address.includes(':') ? ipv6Groups(address.replace(/%.*$/s, '')) : undefined;
  const isMapped = groups?.[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return isMapped ? embeddedIpv4(groups) : address;
}

function embeddedIpv4(groups: readonly number[]): string {
  const [high, low] = groups.slice(6) as [number, number];
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}

/** The eight groups of an IPv6 address without a zone; `undefined` for any other text. */
export function ipv6Groups(address: string): number[] | undefined {
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  // The URL parser writes each group in hexadecimal, also an IPv4 address at the end.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const before = toGroups(head);
  if (tail === undefined) return before;
  const after = toGroups(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

function toGroups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/**
 * Checks the `allowAddress` option.
 *
 * @throws InvalidOptionError for a value that is neither "public" nor a function
 */
export function checkGuard(option: string, guard: unknown): AddressGuard | undefined {
  if (guard === undefined) return undefined;
  if (guard === 'public') return isPublicAddress;
  if (typeof guard === 'function') return guard as AddressGuard;
  throw new InvalidOptionError(option, guard, '"public", or a function that takes an address and a target');
}
