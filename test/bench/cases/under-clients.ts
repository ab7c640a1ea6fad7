import {small} from '../contents.ts';
import type {Case} from './case.ts';
import {requestCase} from './request-case.ts';

/** A client that runs on any `fetch`: on that of a session, and on built-in fetch. */
function underClient(name: string, onSession: string, onFetch: string): Case {
  return requestCase({
    name,
    title: `GET of a small JSON by ${onSession}, 64 at once`,
    operation: 'json',
    path: '/json',
    expected: small,
    concurrency: 64,
    peers: [onSession, onFetch],
    ratios: [
      {against: onFetch, by: 'rate'},
      {against: onFetch, by: 'cpu'},
    ],
  });
}

export const underClientCases: readonly Case[] = [
  underClient('under-ky', 'ky on session.fetch', 'ky'),
  underClient('under-axios', 'axios on session.fetch', 'axios on fetch'),
  underClient('under-ofetch', 'ofetch on session.fetch', 'ofetch'),
  underClient('under-openapi-fetch', 'openapi-fetch on session.fetch', 'openapi-fetch'),
];
