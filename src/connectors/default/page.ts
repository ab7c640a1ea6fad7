import {openPageBody} from '../../core/open-page-body.ts';
import {PageHeaderList} from '../../core/page-header-list.ts';
import type {Platform} from '../../core/platform.ts';
import {isPageFetchFailure} from '../../utils/is-fetch-failure.ts';
import {pageError} from '../base/page-error.ts';
import {pageConnector} from '../native/page.ts';
import {smallPageConnector} from '../native/small-page.ts';

/** The platform of pages and their workers. */
export const platform: Platform = /* @__PURE__ */ pagePlatform(pageConnector);

/** The platform of `aiofetch/core` in pages and their workers. */
export const corePlatform: Platform = /* @__PURE__ */ pagePlatform(smallPageConnector);

function pagePlatform(defaultConnector: Platform['defaultConnector']): Platform {
  return {
    defaultConnector,
    openBody: openPageBody,
    headersFrom: PageHeaderList.from,
    typedFailure: (error, request) =>
      isPageFetchFailure(error) ? pageError(error, request, 'receive') : error,
  };
}
