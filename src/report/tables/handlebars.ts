/** The package in a module of its own, so that it can be loaded where there is something to render. */
export { default as handlebars } from 'handlebars';
