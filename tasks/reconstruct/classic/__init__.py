"""Classic algorithms of pty-chi as arms of their own: ePIE, RAAR and the difference map."""
