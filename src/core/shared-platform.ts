import {isFetchFailure} from '../utils/is-fetch-failure.ts';
import {FlatHeaderList} from './flat-header-list.ts';
import {encodeMultipart} from './multipart.ts';
import {openBody} from './open-body.ts';
import type {Platform} from './platform.ts';

/** The parts of a platform that are the same in all runtimes except pages. */
export const sharedPlatform: Omit<Platform, 'defaultConnector'> = {
  openBody,
  headersFrom: FlatHeaderList.from,
  encodeForm: encodeMultipart,
  isFetchFailure,
};
