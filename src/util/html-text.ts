const signs: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Writes text as it stands in an HTML page, between tags or in a quoted attribute.
 *
 * @param text - any text
 * @returns the text without signs that HTML would read
 */
export const htmlText = (text: string): string => text.replace(/[&<>"']/g, (sign) => signs[sign] ?? sign);
