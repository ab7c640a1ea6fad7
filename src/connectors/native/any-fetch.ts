import {prepareBody} from '../../core/body.ts';
import {followRedirects} from '../../core/redirect.ts';
import {networkError} from '../base/network-error.ts';
import type {FetchTraits} from './create-native-connector.ts';

/** The traits for the `fetch` of a runtime that shows redirects and the reasons of failures. */
export const anyFetch: FetchTraits = {followRedirects, prepareBody, toError: networkError};
