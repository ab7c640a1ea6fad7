import type {Connector, ConnectorOptions} from '../core/connector.ts';
import type {HeaderList, HeadersInput} from '../core/header-list.ts';
import type {Policy} from '../core/policy.ts';
import {InvalidOptionError} from '../errors/index.ts';
import {assertOption, isObject} from '../utils/check-options.ts';

/**
 * Returns the policies.
 *
 * @throws InvalidOptionError for a value that is not a list of policies
 */
export function checkPolicies(policies: readonly Policy[]): readonly Policy[] {
  assertOption(
    Array.isArray(policies) && policies.every(isPolicy),
    'policies',
    policies,
    'a list of functions or objects with name and wrap()',
  );
  return policies;
}

function isPolicy(policy: Policy): boolean {
  return (
    typeof policy === 'function' || (typeof policy?.name === 'string' && typeof policy.wrap === 'function')
  );
}

const connectorMethods = ['fetch', 'stats', 'close', 'destroy'] as const;

/**
 * Whether the value is a connector, rather than options of the default connector.
 *
 * @throws InvalidOptionError for a value that is neither
 */
export function isConnector(value: Connector | ConnectorOptions | undefined): value is Connector {
  if (value === undefined) return false;
  const isComplete =
    isObject(value) &&
    'fetch' in value &&
    typeof value.name === 'string' &&
    isObject(value.capabilities) &&
    connectorMethods.every((method) => typeof value[method] === 'function');
  assertOption(
    isComplete || (isObject(value) && !('fetch' in value)),
    'connector',
    value,
    `options or an object with name, capabilities, ${connectorMethods.join(', ')}`,
  );
  return isComplete;
}

const allowedBase = 'an http: or https: URL without credentials, absolute unless in pages';

/**
 * @throws InvalidOptionError, which doesn't show the URL
 */
export function checkBaseUrl(baseUrl: string | URL | undefined): URL | undefined {
  if (baseUrl === undefined) return undefined;
  let url: URL | undefined;
  try {
    url = new URL(baseUrl, globalThis.location?.href);
  } catch {
    // The error below describes the allowed values.
  }
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return url;
  throw new InvalidOptionError('baseUrl', baseUrl, allowedBase);
}

/**
 * Returns a copy of `base` with `headers` merged into it.
 *
 * @throws InvalidOptionError for a name or value that HTTP can't carry
 */
export function mergeHeaders(base: HeaderList, headers: HeadersInput | undefined): HeaderList {
  const list = base.copy();
  if (headers === undefined) return list;
  try {
    list.merge(headers);
  } catch (error) {
    throw new InvalidOptionError('headers', error, 'names and values that HTTP can carry');
  }
  return list;
}
