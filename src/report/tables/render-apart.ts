/** Renders the tables of a template of the user's. */
import { answer } from '../apart/answer.ts';
import { renderTable, type Template } from './render.ts';
import type { TableView } from './view.ts';

/** What it is given. */
export interface TemplateCall {
  readonly views: readonly TableView[];
  readonly template: Template;
}

answer(({ views, template }: TemplateCall) => Promise.all(views.map((view) => renderTable(view, template))));
