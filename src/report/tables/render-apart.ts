/** Renders the tables of a template of the user's. */
import { answer } from '../../util/apart/answer.ts';
import { renderTable, type TemplateCall } from './render.ts';

answer(({ views, template }: TemplateCall) => Promise.all(views.map((view) => renderTable(view, template))));
