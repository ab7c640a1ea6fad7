// Runs in a page: cases of the conformance suite on the connector over XMLHttpRequest, when the test calls `runCases`.
import type {ConformanceTarget} from 'aiofetch/conformance';
import {conformanceCases} from 'aiofetch/conformance';
import {xhrConnector} from '../../../examples/xhr-connector/connector.ts';
import type {CaseReport} from '../../conformance/support/report.ts';
import {runCases} from '../../conformance/support/report.ts';

function run(target: Pick<ConformanceTarget, 'server' | 'topics'>): Promise<CaseReport[]> {
  return runCases(conformanceCases({...target, createConnector: xhrConnector}));
}

Object.assign(window, {runCases: run});
