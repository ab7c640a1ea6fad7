import type {Case} from './case.ts';
import {inputs} from './inputs.ts';
import {policies} from './policies.ts';
import {queueCases} from './queues.ts';
import {requestCases} from './requests.ts';
import {secureCases} from './secure.ts';
import {start} from './start.ts';
import {transferCases} from './transfers.ts';
import {types} from './types.ts';
import {underClientCases} from './under-clients.ts';
import {streamedUpload} from './uploads.ts';

export const cases: readonly Case[] = [
  ...requestCases,
  ...secureCases,
  ...underClientCases,
  streamedUpload,
  ...transferCases,
  ...queueCases,
  inputs,
  start,
  policies,
  types,
];
