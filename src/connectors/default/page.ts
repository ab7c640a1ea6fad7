import {openPageBody} from '../../core/open-page-body.ts';
import type {Platform} from '../../core/platform.ts';
import {pageConnector, smallPageConnector} from '../native/page.ts';

/** The platform of pages and their workers. */
export const platform: Platform = {defaultConnector: pageConnector, openBody: openPageBody};

/** The platform of `aiofetch/core` in pages and their workers. */
export const corePlatform: Platform = {defaultConnector: smallPageConnector, openBody: openPageBody};
