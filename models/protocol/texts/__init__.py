"""Where the texts stand in what a model server answers, in each API's form: to be read, and to be written back."""
