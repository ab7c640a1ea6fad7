import {openPageBody} from '../../core/open-page-body.ts';
import type {Platform} from '../../core/platform.ts';
import {pageConnector} from '../native/page.ts';

/** The platform of pages and their workers. */
export const platform: Platform = {defaultConnector: pageConnector, openBody: openPageBody};
