import type {Case} from './case.ts';
import {inputs} from './inputs.ts';
import {policies} from './policies.ts';
import {queueCases} from './queues.ts';
import {requestCases} from './requests.ts';
import {transferCases} from './transfers.ts';
import {types} from './types.ts';

export const cases: readonly Case[] = [
  ...requestCases,
  ...transferCases,
  ...queueCases,
  inputs,
  policies,
  types,
];
