import {FlatHeaderList} from '../../core/flat-header-list.ts';
import {encodeMultipart} from '../../core/multipart.ts';
import {openBody} from '../../core/open-body.ts';
import type {Platform} from '../../core/platform.ts';
import {isFetchFailure} from '../../utils/is-fetch-failure.ts';
import {networkError} from './network-error.ts';

/** The parts of a platform that are the same in all runtimes except pages. */
export const sharedPlatform: Omit<Platform, 'defaultConnector'> = {
  openBody,
  headersFrom: FlatHeaderList.from,
  encodeForm: encodeMultipart,
  typedFailure: (error, request) => (isFetchFailure(error) ? networkError(error, request, 'receive') : error),
};
