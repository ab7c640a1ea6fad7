/** Members of a `RequestInit` that only a native fetch can use. */
export type NativeInit = Pick<
  RequestInit,
  keyof RequestInit &
    (
      | 'cache'
      | 'credentials'
      | 'integrity'
      | 'keepalive'
      | 'mode'
      | 'priority'
      | 'referrer'
      | 'referrerPolicy'
    )
>;

/** Members of a `RequestInit` that a runtime, a framework or a library adds to the standard's. */
export type ForeignInit = {
  readonly [Name in (typeof foreignMembers)[number]]?: Name extends keyof RequestInit
    ? RequestInit[Name] | undefined
    : unknown;
};

// The values that every `Request` has by default. They are not passed on, because some runtimes (workers) refuse some of
// them. `priority` can't be read from a `Request`.
const nativeDefaults: Readonly<Record<keyof NativeInit, unknown>> = {
  cache: 'default',
  credentials: 'same-origin',
  integrity: '',
  keepalive: false,
  mode: 'cors',
  priority: undefined,
  referrer: 'about:client',
  referrerPolicy: '',
};

/** The names of the members of {@link NativeInit}. */
export const nativeMembers = /* @__PURE__ */ Object.keys(nativeDefaults) as ReadonlyArray<keyof NativeInit>;

/**
 * Members of a `RequestInit` that a framework or a runtime adds to the standard's, and that verbs and typed clients take:
 * Next.js `next`, Cloudflare's workers `cf`, browsers `window` and `targetAddressSpace`. `session.fetch` hands on any member.
 */
export const foreignMembers = ['next', 'cf', 'window', 'targetAddressSpace'] as const;

/**
 * The members for a native fetch. Those of {@link NativeInit} are taken from `init`, or else from `request`, if they differ
 * from the default. They are read one by one, because a `Request` is a valid init and its members are getters.
 *
 * @param own - names of the members that the session itself reads, and of {@link NativeInit}
 */
export function nativeOf(
  init: NativeInit,
  request: NativeInit | undefined,
  own: ReadonlySet<string>,
): NativeInit | undefined {
  let native: Record<string, unknown> | undefined;
  for (const name of nativeMembers) {
    const given = request?.[name];
    // As the constructor of `Request` does, given the request of a service worker that a navigation has made.
    const value = init[name] ?? (given === 'navigate' ? 'same-origin' : given);
    if (value === undefined || value === nativeDefaults[name]) continue;
    native ??= {};
    native[name] = value;
  }
  if ('bodyUsed' in init) return native;
  for (const name in init) {
    if (own.has(name)) continue;
    native ??= {};
    native[name] = init[name as keyof NativeInit];
  }
  return native;
}

// The members by which the `fetch` of undici, of node-fetch, of Bun and of Deno changes the connection.
const connectionMembers = ['dispatcher', 'agent', 'proxy', 'tls', 'unix', 'client'];

/** The first member that would change the connection, except those that are used. Ignoring a proxy, for example, is unsafe. */
export function unusedConnectionMember(
  native: object | undefined,
  used: readonly string[] = [],
): string | undefined {
  return connectionMembers.find((name) => native?.[name as never] && !used.includes(name));
}
