import type {LoadedDocument, SecurityScheme} from './document.ts';
import {resolve} from './document.ts';
import {stringLiteral} from './literals.ts';

/** The values of a session's option `auth` for a document's security schemes. */
export function authOptions(document: LoadedDocument): string[] {
  const schemes = Object.values(document.root.components?.securitySchemes ?? {});
  const options = schemes.map((scheme) => authOption(resolve<SecurityScheme>(document, scheme)));
  return [...new Set(options)].filter((option) => option !== undefined);
}

/** `undefined` for schemes that `auth` doesn't cover: cookies, and client certificates. */
function authOption({type, scheme, in: place, name = '', flows}: SecurityScheme): string | undefined {
  switch (type) {
    case 'http':
      return httpOption(scheme?.toLowerCase());
    case 'apiKey':
      if (place !== 'header' && place !== 'query') return undefined;
      return `apiKey({${place}: ${stringLiteral(name)}, value})`;
    case 'oauth2': {
      const tokenUrl = flows?.clientCredentials?.tokenUrl;
      return tokenUrl === undefined
        ? 'tokenSource(getToken)'
        : `oauth2ClientCredentials({tokenUrl: ${stringLiteral(tokenUrl)}, clientId, clientSecret})`;
    }
    case 'openIdConnect':
      return 'tokenSource(getToken)';
    default:
      return undefined;
  }
}

function httpOption(scheme: string | undefined): string | undefined {
  switch (scheme) {
    case 'bearer':
      return '{bearer}';
    case 'basic':
      return '{basic: {username, password}}';
    case 'digest':
      return 'digest({username, password})';
    default:
      return undefined;
  }
}
