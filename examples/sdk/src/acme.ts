import type {Client, SessionOptions} from 'aiofetch';
import {createSession, defineClient} from 'aiofetch';
import {cancelOrder, createOrder, getOrder, listOrders} from './endpoints.ts';

/** Options of {@link createAcme}. */
export interface AcmeOptions {
  /** A token of the API, or a function that gets one. */
  readonly token: string | (() => string | Promise<string>);
  /** @default 'https://api.acme.example/v1/' */
  readonly baseUrl?: string | URL;
  /** Limits of connections, or a connector: for tests, a mock. */
  readonly connector?: SessionOptions['connector'];
  /** @default {total: 60_000, attempt: 20_000} */
  readonly timeout?: SessionOptions['timeout'];
  /** @default 3 */
  readonly retry?: SessionOptions['retry'];
}

const endpoints = {
  orders: {get: getOrder, list: listOrders, create: createOrder, cancel: cancelOrder},
};

const define = /* @__PURE__ */ defineClient(endpoints);

/** A client of the API, with connections of its own. */
export interface Acme extends Client<typeof endpoints> {
  /** Lets calls under way finish, and closes the connections. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes a client. One for each token is enough: it keeps its connections. */
export function createAcme({
  token,
  baseUrl = 'https://api.acme.example/v1/',
  timeout = {total: 60_000, attempt: 20_000},
  retry = 3,
  connector,
}: AcmeOptions): Acme {
  const session = createSession({baseUrl, auth: {bearer: token}, timeout, retry, connector});
  const close = () => session.close();
  return {...define(session), close, [Symbol.asyncDispose]: close};
}
