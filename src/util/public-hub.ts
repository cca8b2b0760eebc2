/** The public Hugging Face Hub. */
export const PUBLIC_HUB = 'https://huggingface.co';
