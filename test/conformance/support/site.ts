import type {IncomingMessage, ServerResponse} from 'node:http';

/** Bodies that wait for their second half, by the name that the page gave them. */
const held = new Map<string, ServerResponse>();

/** Answers a request for a page's site, whose paths begin with `/site/`. */
export function answerSite(request: IncomingMessage, response: ServerResponse): void {
  const {pathname, searchParams} = new URL(request.url as string, 'http://127.0.0.1');
  const name = searchParams.get('name') ?? '';
  switch (pathname) {
    case '/site/redirect':
      response.writeHead(302, {location: searchParams.get('to') ?? ''}).end();
      break;
    case '/site/status':
      response.writeHead(Number(searchParams.get('code'))).end();
      break;
    case '/site/broken':
      request.socket.destroy();
      break;
    case '/site/half':
      held.set(name, response);
      response.writeHead(200, {'content-type': 'application/octet-stream'}).write('one');
      break;
    case '/site/rest':
      held.get(name)?.end('two');
      held.delete(name);
      response.end();
      break;
    case '/site/modules/module.js':
      response.setHeader('content-type', 'text/javascript');
      response.end('export const {url} = import.meta;');
      break;
    case '/site/page':
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>A page of the site</title>');
      break;
    default:
      response.setHeader('content-type', 'text/plain');
      response.write(`${request.method} `);
      request.pipe(response);
  }
}
