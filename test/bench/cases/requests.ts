import {document, largeSize, list, small} from '../contents.ts';
import type {Case} from './case.ts';
import {requestCase} from './request-case.ts';

const get = {operation: 'json', path: '/json', expected: small} as const;

export const requestCases: readonly Case[] = [
  requestCase({
    name: 'get-1',
    title: 'GET of a small JSON, 1 at once',
    column: 'GET, 1 at once',
    concurrency: 1,
    ...get,
  }),
  requestCase({
    name: 'get-64',
    title: 'GET of a small JSON, 64 at once',
    column: 'GET, 64 at once',
    concurrency: 64,
    ...get,
  }),
  requestCase({
    name: 'get-512',
    title: 'GET of a small JSON, 512 at once on 64 connections',
    column: 'GET, 512 at once',
    concurrency: 512,
    ...get,
  }),
  requestCase({
    name: 'post',
    title: 'POST of a 1 kB JSON, 64 at once',
    column: 'POST 1 kB',
    concurrency: 64,
    operation: 'post',
    path: '/json',
    value: document,
    expected: small,
  }),
  requestCase({
    name: 'large',
    title: 'GET of 100 kB, 64 at once',
    column: 'GET 100 kB',
    concurrency: 64,
    operation: 'bytes',
    path: '/large',
    expected: largeSize,
  }),
  requestCase({
    name: 'gzip',
    title: 'GET of a 10 kB JSON in gzip, 64 at once',
    column: 'GET gzip',
    concurrency: 64,
    operation: 'gzip',
    path: '/gzip',
    expected: list,
  }),
  requestCase({
    name: 'tracing',
    title: 'GET of a small JSON, 64 at once: no trace listener, a listener of one signal, `recordTimings`',
    concurrency: 64,
    peers: ['session.fetch', 'session.fetch, one signal', 'session.fetch, timings'],
    ratios: [
      {against: 'session.fetch', by: 'rate'},
      {against: 'session.fetch', by: 'cpu'},
    ],
    ...get,
  }),
];
