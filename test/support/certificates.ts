import {generate} from 'selfsigned';

interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** The certificate of an authority that only the tests trust. */
  readonly ca: string;
  /** For localhost, 127.0.0.1 and ::1. */
  readonly server: Identity;
  /** For other.example. */
  readonly other: Identity;
  /** For localhost, and expired. */
  readonly expired: Identity;
  readonly client: Identity;
}

const day = 86_400_000;
const common = {keyType: 'ec', algorithm: 'sha256'} as const;

async function createCertificates(): Promise<Certificates> {
  const authority = await generate([{name: 'commonName', value: 'Test authority'}], {
    ...common,
    extensions: [
      {name: 'basicConstraints', cA: true, critical: true},
      {name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true},
    ],
  });
  const ca = {key: authority.private, cert: authority.cert};

  async function issue(name: string, altNames: string[], validFrom = -day, validTo = day): Promise<Identity> {
    const now = Date.now();
    const {cert, private: key} = await generate([{name: 'commonName', value: name}], {
      ...common,
      ca,
      notBeforeDate: new Date(now + validFrom),
      notAfterDate: new Date(now + validTo),
      extensions: [
        {name: 'basicConstraints', cA: false, critical: true},
        {
          name: 'subjectAltName',
          altNames: altNames.map((value) =>
            /^[\d:.]+$/.test(value) ? {type: 7 as const, ip: value} : {type: 2 as const, value},
          ),
        },
      ],
    });
    return {cert, key};
  }

  return {
    ca: authority.cert,
    server: await issue('localhost', ['localhost', '127.0.0.1', '::1']),
    other: await issue('other.example', ['other.example']),
    expired: await issue('localhost', ['localhost', '127.0.0.1'], -2 * day, -day),
    client: await issue('client', ['client.example']),
  };
}

let made: Promise<Certificates> | undefined;

/** Certificates that an authority of this process has issued. */
export function certificates(): Promise<Certificates> {
  made ??= createCertificates();
  return made;
}
