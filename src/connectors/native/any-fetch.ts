import {prepareBody} from '../../core/body.ts';
import {followRedirects} from '../../core/redirect.ts';
import {toResponse} from '../base/foreign-response.ts';
import {lazyResponse} from '../base/lazy-response.ts';
import {networkError} from '../base/network-error.ts';
import {watchQueues} from '../limits/watch-queues.ts';
import type {FetchTraits} from './create-native-connector.ts';

/** The traits for the `fetch` of a runtime that shows redirects and the reasons of failures. */
export const anyFetch: FetchTraits = {
  followRedirects({capabilities}, request, send) {
    // With `integrity` the runtime has to follow the redirects, because it must check only the body of the last response.
    if (!capabilities.manualRedirect || request.native?.integrity) return undefined;
    return followRedirects(request, (hop) => send(hop, 'manual'));
  },
  prepareBody,
  toResponse,
  toError: networkError,
  watchQueues,
  track: lazyResponse,
};
