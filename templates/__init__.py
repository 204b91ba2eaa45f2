"""Every word a person reads: pages, components, mails, and the catalogues in zh_CN and en."""
