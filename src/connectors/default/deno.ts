import {openBody} from '../../core/open-body.ts';
import type {Platform} from '../../core/platform.ts';
import {denoConnector} from '../native/deno.ts';

/** The platform of Deno. */
export const platform: Platform = {defaultConnector: denoConnector, openBody};
