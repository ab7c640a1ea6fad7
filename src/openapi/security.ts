import type {LoadedDocument, SecurityScheme} from './document.ts';
import {resolve} from './document.ts';
import {stringLiteral} from './names.ts';

/** How a session is to sign what a document's API asks to be signed: one for each of its security schemes. */
export function authOptions(document: LoadedDocument): string[] {
  const schemes = Object.values(document.root.components?.securitySchemes ?? {});
  const options = schemes.map((scheme) => authOption(resolve<SecurityScheme>(document, scheme)));
  return [...new Set(options)].filter((option) => option !== undefined);
}

/** What can't be told is left out: cookies, certificates, flows that a person takes part in. */
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
