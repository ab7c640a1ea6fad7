import {randomUUID} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {text} from 'node:stream/consumers';
import type {LocalServer} from './local-server.ts';
import {serve} from './local-server.ts';

/** Serves a shop with a form to log in. The form has a token against forged requests, which belongs to a cookie. */
export function serveShop(): Promise<LocalServer> {
  const forms = new Map<string, string>();
  const users = new Map<string, string>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cookies = new Map(
      (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('=') as [string, string]),
    );
    const user = users.get(cookies.get('sid') ?? '');
    switch (`${request.method} ${request.url}`) {
      case 'GET /login': {
        const form = randomUUID();
        const token = randomUUID();
        forms.set(form, token);
        response.setHeader('set-cookie', `form=${form}; Path=/login; HttpOnly; Max-Age=600`);
        response.end(`<form method="post"><input type="hidden" name="token" value="${token}"></form>`);
        return;
      }
      case 'POST /login': {
        const sent = new URLSearchParams(await text(request));
        const form = cookies.get('form') ?? '';
        const isKnown = sent.get('user') === 'ada' && sent.get('password') === 'lovelace';
        if (!isKnown || forms.get(form) !== sent.get('token')) break;
        const sid = randomUUID();
        users.set(sid, 'Ada');
        forms.delete(form);
        response.setHeader('set-cookie', [
          `sid=${sid}; Path=/; HttpOnly; Secure; SameSite=Lax`,
          'form=; Path=/login; Max-Age=0',
        ]);
        response.writeHead(303, {location: '/'}).end();
        return;
      }
      case 'POST /logout':
        users.delete(cookies.get('sid') ?? '');
        response.setHeader('set-cookie', 'sid=; Path=/; Max-Age=0');
        response.writeHead(303, {location: '/'}).end();
        return;
      case 'GET /':
        response.end(user ? `Welcome, ${user}` : 'Welcome');
        return;
      case 'GET /orders':
        if (!user) break;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(['tea', 'biscuits']));
        return;
    }
    response.writeHead(403).end('Log in first');
  }

  return serve(handle);
}
