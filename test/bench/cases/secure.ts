import {small} from '../contents.ts';
import type {Case} from './case.ts';
import {requestCase} from './request-case.ts';

const get = {operation: 'json', path: '/json', expected: small} as const;

/** What most requests run over: TLS, and HTTP/2. The server is slower than over plain HTTP/1.1, so CPU is compared. */
export const secureCases: readonly Case[] = [
  requestCase({
    name: 'tls',
    title: 'GET of a small JSON over TLS, keep-alive, 64 at once',
    server: 'secureOrigin',
    concurrency: 64,
    peers: ['session.fetch', 'session.get', 'undici.request', 'undici.request 8', 'fetch'],
    ratios: [
      {against: 'undici.request', by: 'cpu'},
      {against: 'undici.request 8', by: 'cpu'},
      {against: 'fetch', by: 'cpu'},
    ],
    ...get,
  }),
  requestCase({
    name: 'http2',
    title: 'GET of a small JSON over HTTP/2, 64 streams at once',
    server: 'http2Origin',
    concurrency: 64,
    peers: [
      'session.fetch over HTTP/2',
      'node:http2',
      'undici.request over HTTP/2',
      'undici.request 8 over HTTP/2',
      'got over HTTP/2',
    ],
    ratios: [
      {against: 'node:http2', by: 'cpu'},
      {against: 'undici.request over HTTP/2', by: 'cpu'},
      {against: 'undici.request 8 over HTTP/2', by: 'cpu'},
      {against: 'got over HTTP/2', by: 'cpu'},
    ],
    ...get,
  }),
];
