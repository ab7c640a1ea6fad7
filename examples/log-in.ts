/**
 * Logs in to a site by its form. The jar keeps the cookies that the site sets, those of redirects included, and sends them with
 * every request. They can be saved and used in a later run.
 *
 *     npm run example log-in
 */
import type {Session} from 'aiofetch';
import {createSession} from 'aiofetch';
import {cookieJar} from 'aiofetch/cookies';
import {runDirectly} from './support/run-directly.ts';
import {serveShop} from './support/shop-server.ts';

/** Logs in as a browser does: opens the page of the form, and sends the form with the token that the page contains. */
async function logIn(session: Session, user: string, password: string): Promise<string> {
  const page = await session.get('login').text();
  const token = /name="token" value="([^"]*)"/.exec(page)?.[1] ?? '';
  // The site answers the form with a redirect that sets the cookie of the login.
  const response = await session.post('login', {body: new URLSearchParams({user, password, token})});
  return response.text();
}

export async function main() {
  await using shop = await serveShop();
  const cookies = cookieJar();
  await using session = createSession({baseUrl: shop.url, cookies});

  console.log(await logIn(session, 'ada', 'lovelace'));
  const orders = await session.get('orders').json<string[]>();

  // A later run begins with the cookies of this one, and need not log in.
  const saved = JSON.stringify(cookies);
  await using later = createSession({baseUrl: shop.url, cookies: cookieJar({cookies: JSON.parse(saved)})});
  const sameOrders = await later.get('orders').json<string[]>();

  const out = await session.post('logout').text();
  const {status} = await session.get('orders', {throwHttpErrors: false});
  console.log(orders, out, status);
  return {orders, sameOrders, statusAfterLogout: status};
}

await runDirectly(import.meta, main);
