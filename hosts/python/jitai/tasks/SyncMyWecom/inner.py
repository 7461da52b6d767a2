"""Every four hours. Two at once share one run, and one that is cut off goes on the next time."""


def customFunc():
    app.getElement("corps.MyWecom").syncCorp()
