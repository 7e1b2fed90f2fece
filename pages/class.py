"""Class: what a teacher sees of the students, the devices and the rules of the lesson."""

import streamlit as st

from cnnviz.ui.state import is_teacher
from cnnviz.ui.teacher.page import class_page
from cnnviz.ui.widgets.notice import show_notice

st.title("Class")
show_notice()
if is_teacher():
    class_page()
else:
    st.error("This page is for teachers.", icon=":material/lock:")
