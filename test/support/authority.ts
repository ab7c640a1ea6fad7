import {generate} from 'selfsigned';

/** A private key and its certificate, in PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface IdentityOptions {
  /** The names and addresses that the certificate is for. */
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A certificate authority for one test. */
export interface Authority extends Identity {
  issue(options?: IdentityOptions): Promise<Identity>;
}

const day = 86_400_000;

function attributes(name: string) {
  return [{name: 'commonName', value: name}];
}

function alternativeNames(hosts: readonly string[]) {
  return hosts.map((host) =>
    /^[\d.]+$|:/.test(host) ? ({type: 7, ip: host} as const) : ({type: 2, value: host} as const),
  );
}

/** Makes an authority that only a client with its certificate trusts. */
export async function createAuthority(name = 'Test authority'): Promise<Authority> {
  const authority = await generate(attributes(name), {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 30 * day),
    extensions: [
      {name: 'basicConstraints', cA: true, critical: true},
      {name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true},
    ],
  });
  return {
    cert: authority.cert,
    key: authority.private,
    issue: (options) => createIdentity(options, {cert: authority.cert, key: authority.private}),
  };
}

/** Makes a certificate, by default for `localhost` and loopback. Without an authority it is self-signed. */
export async function createIdentity(options: IdentityOptions = {}, authority?: Identity): Promise<Identity> {
  const {hosts = ['localhost', '127.0.0.1', '::1'], notBefore, notAfter} = options;
  const made = await generate(attributes(hosts[0] as string), {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: notBefore ?? new Date(Date.now() - day),
    notAfterDate: notAfter ?? new Date(Date.now() + 30 * day),
    extensions: [
      {name: 'basicConstraints', cA: false},
      {name: 'keyUsage', digitalSignature: true, critical: true},
      {name: 'extKeyUsage', serverAuth: true, clientAuth: true},
      {name: 'subjectAltName', altNames: alternativeNames(hosts)},
    ],
    ...(authority && {ca: {key: authority.key, cert: authority.cert}}),
  });
  return {cert: made.cert, key: made.private};
}
