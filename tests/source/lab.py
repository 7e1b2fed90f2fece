"""The lab's net, as its notebook has it."""

LAB = """\
class ConvNet(nn.Module):
    def __init__(self):
        super(ConvNet, self).__init__()
        self.conv1 = nn.Conv2d(in_channels=1, out_channels=10, kernel_size=10, stride=1, padding=0)
        self.pooling = nn.MaxPool2d(4)
        self.conv1_drop = nn.Dropout2d(p=0.2)
        self.drop1 = nn.Dropout(p=0.2)
        self.fc1 = nn.Linear(880, 100)
        self.fc2 = nn.Linear(100, 35)
        self.relu = nn.ReLU()

    def forward(self, x):
#        print(x.shape)
        x = self.conv1(x)
        x = self.relu(self.pooling(x))
#         print(x.shape)
        x = self.conv1_drop(x)
#         print(x.shape)
        x = x.view(-1, 880) #zmiana kształtu danych - działa podobnie do funkcji np.reshape
                            #musimy zmienić kształt danych, ponieważ na wyjściu warstwy konwolucyjnej mamy dane 4D (batch_size x liczba kanałów x liczba_cech x liczba_ramek), a warstwa gęsta przyjmuje dane 2D (batch_size x łączna_liczba_cech)
#         print(x.shape)
        x = self.fc1(x)
#         print(x.shape)
        x = self.drop1(x)
#         print(x.shape)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1) # możemy skorzystać z torch.nn.functional zamiast definiować warstwę w konstruktorze
"""  # noqa: E501

NOTEBOOK = f"""\
!pip install pytorch-ignite
%matplotlib inline
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset
from ignite.engine import create_supervised_trainer, create_supervised_evaluator, Events
from ignite.handlers import FastaiLRFinder

folder = '../lab8/' #zmodyfikuj ścieżkę odpowiednio do lokalizacji plików
feats = np.load(folder+'melspec_feats.npy')
feats = np.expand_dims(feats, axis=1)
feats.shape
train_loader = DataLoader(TensorDataset(torch.tensor(feats)), batch_size=256)

{LAB}

x = np.linspace(start=-10, stop=10, num=100)
y = 1/(1 + np.exp(-np.array(x)))

def ReLU(x):
    return max(0.0, x)

y = [ReLU(x) for x in x]
device = "cuda" if torch.cuda.is_available() else "cpu"
criterion = nn.NLLLoss()
model = ConvNet()
model.to(device)
optimizer = optim.SGD(model.parameters(), lr=1e-8, momentum=0.9)
init_model_state = model.state_dict()
trainer = create_supervised_trainer(model, optimizer, criterion, device=device)
with FastaiLRFinder().attach(trainer, dict(model=model), diverge_th=1.05) as trainer_with_lr_finder:
    trainer_with_lr_finder.run(train_loader)

@trainer.on(Events.EPOCH_COMPLETED)
def log_validation_results(trainer):
    print("Validation Results - Epoch: {{}}".format(trainer.state.epoch))

for epoch in range(150):
    model.train()
    for batch, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(batch), labels)
        loss.backward()
        optimizer.step()
"""
"""The cells of the notebook around it, pasted as one."""
